"""Video, stills and sound in and out: exact time stamps, honest colour, atomic files.

Import the parts where they are used::

    from streammat.media.reader import open_reader
    from streammat.media.sink import open_sink
    from streammat.media.background import open_background
    from streammat.media.guide import open_guide
    from streammat.media.probe import probe
    from streammat.media.formats import can_carry_alpha, kind_of
"""
