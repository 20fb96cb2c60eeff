"""How good?"""
