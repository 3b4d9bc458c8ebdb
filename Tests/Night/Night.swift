// Night
