"""Which weights may move, how fast?"""
