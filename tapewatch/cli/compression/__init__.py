"""How far alerts become few cases: a labelled day, its alerts recorded as the case service records them."""
