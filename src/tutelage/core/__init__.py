"""The words of the trade: material, stages, parts, luck, ledger, errors. Imports nothing else of ours."""
