"""From what material? A file makes a course"""
