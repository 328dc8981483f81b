"""What the learning loop is measured by: its moves in the ledger, and models on payments of known truth."""
