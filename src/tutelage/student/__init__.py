"""Who is taught?"""
