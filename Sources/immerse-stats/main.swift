print("immerse-stats")
