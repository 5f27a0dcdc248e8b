# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Path lengths through the trees of an isolation forest."""

import cython


@cython.locals(
    rows=cython.double[:, ::1],
    feature=cython.int[::1],
    threshold=cython.double[::1],
    left=cython.int[::1],
    right=cython.int[::1],
    length=cython.double[::1],
    roots=cython.int[::1],
    totals=cython.double[::1],
    row=cython.Py_ssize_t,
    tree=cython.Py_ssize_t,
    node=cython.int,
    total=cython.double,
)
def path_lengths(rows, feature, threshold, left, right, length, roots, totals):
    """Sums, over all trees, the path length of each row into `totals` (shape (rows,)).

    Nodes of all trees lie in flat arrays; `feature` is -1 at a leaf, whose `length` is its depth plus the mean path
    of an unsuccessful search among the samples it holds (Liu, Ting, Zhou 2008, "Isolation Forest").
    """
    for row in range(rows.shape[0]):
        total = 0.0
        for tree in range(roots.shape[0]):
            node = roots[tree]
            while feature[node] >= 0:
                node = left[node] if rows[row, feature[node]] <= threshold[node] else right[node]
            total += length[node]
        totals[row] = total
