"""A large ledger to look at: decisions by COPY, alerts among them, sealed as the keeper seals."""
