"""From events to what people query: orders, trades, ledger entries, klines, tickers.

A projection has a cursor, applies events in their order, and can be rebuilt from the journal.
Must not know the kernel or the partition, decide about money, or read a clock.
"""
