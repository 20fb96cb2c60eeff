"""Which examples?"""
