"""Sales (2.2): customers, quotations, contracts and orders, receivables."""
