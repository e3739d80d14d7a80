from ..steer.vector import operator as operator, per_row as per_row
from ..steer.operators import When as When
from ..steer.stream import stream_vector as stream_vector
