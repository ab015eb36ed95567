"""Loading: installed models ready to use, in memory that is counted.

The policies (budgets, eviction, one load for many who ask, precision) know nothing of torch.
"""
