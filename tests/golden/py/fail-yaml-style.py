# oracle: python accepts an annotation that sets nothing
memory: 512
