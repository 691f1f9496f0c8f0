# oracle: classes are not part of the language
class Domain:
    pass
