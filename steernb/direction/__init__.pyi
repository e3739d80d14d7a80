from ..direction.contrast import rank_sites as rank_sites
from ..direction.sspace import Basis as Basis, bases as bases
from ..direction.reference import loss_subspace as loss_subspace, reference_directions as reference_directions
from ..direction.heldout import cosines as cosines, logit_lens as logit_lens, reliability as reliability, separability as separability, single_places as single_places, site_table as site_table, site_values as site_values
