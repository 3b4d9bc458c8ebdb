// PlotsTests
