// KafkaBus
