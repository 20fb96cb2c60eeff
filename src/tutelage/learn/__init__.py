"""How does the student change?"""
