#pragma once
#include <wcslib/wcslib.h>
