// KafkaBusTests
