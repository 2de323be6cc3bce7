"""What passes have in common that ask one network twice."""

from __future__ import annotations

from streammat.catalogue.cards import Variant
from streammat.matting.strategies.network import NetworkPass

__all__ = ["AskedTwice"]


class AskedTwice:
    """A `NetworkPass` around another, but for the call.

    Args:
        network: is asked; closed with this pass.
    """

    def __init__(self, network: NetworkPass) -> None:
        self._network = network

    @property
    def network(self) -> str:
        """As of `NetworkPass`."""
        return self._network.network

    @property
    def variant(self) -> Variant:
        """As of `NetworkPass`."""
        return self._network.variant

    def close(self) -> None:
        """As of `NetworkPass`."""
        self._network.close()
