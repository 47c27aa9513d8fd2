"""What a notebook shows: pure view models, thin HTML or widgets over them, and a plain-text twin of each."""
