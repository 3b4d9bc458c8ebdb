// AlertRulesTests
