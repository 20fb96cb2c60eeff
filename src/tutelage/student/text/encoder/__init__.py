"""What turns a text into a vector?"""
