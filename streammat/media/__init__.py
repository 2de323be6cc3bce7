"""Video, stills and sound in and out: exact time stamps, honest colour, atomic files."""
