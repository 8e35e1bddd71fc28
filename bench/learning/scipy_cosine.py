#!/usr/bin/python3
"""The cosine between items in SciPy, its 200 largest kept per item: the clock that others run by.

usage: scipy_cosine.py FILE      pairs of int32 (person, item), as `learners ... dump=FILE` writes
"""
import resource
import sys
import time

import numpy as np
from scipy.sparse import csr_matrix

pairs = np.fromfile(sys.argv[1], dtype=np.int32).reshape(-1, 2)
x = csr_matrix((np.ones(len(pairs), dtype=np.float32), (pairs[:, 0], pairs[:, 1])))
start = time.time()
norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
norms[norms == 0] = 1
x = (x.multiply(1 / norms)).tocsr()
columns = x.T.tocsr()
kept = 0
for first in range(0, columns.shape[0], 500):   # in slices: the whole product would not fit
    product = (columns[first:first + 500] @ x).tocsr()
    for row in range(product.shape[0]):
        values = product.data[product.indptr[row]:product.indptr[row + 1]]
        if len(values) > 201:
            np.argpartition(values, -201)[-201:]
        kept += min(len(values), 201)
print(f"SciPy cosine: {len(pairs)} interactions, {kept} kept, {time.time() - start:.1f} s, "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
