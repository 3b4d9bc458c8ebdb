#pragma once
#include <stddef.h>
#include <sep.h>
