"""picojoule: what does this network cost on this hardware, and what is the best way to run it?"""
