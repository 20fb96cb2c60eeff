"""What is looked up or thought over at answer time?"""
