"""What a plate's code values mean in light, and the display view that the network gets of them.

Nothing here touches what is written: a view is a table that stands beside the plate.

Parts: ``curves`` (camera and display curves), ``primaries``, ``tone`` (HDR to SDR), ``views``
(the tables), ``cube`` (``.cube`` files).
"""
