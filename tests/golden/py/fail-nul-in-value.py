# oracle: values hold no NUL
name = "a\0b"
