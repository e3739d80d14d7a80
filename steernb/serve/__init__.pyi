from ..serve.endpoint import Endpoint as Endpoint, read_arms as read_arms, serving as serving
