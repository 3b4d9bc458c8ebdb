import CosmicRays
