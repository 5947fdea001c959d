// Where the service is on this machine.
#pragma once

#include <string>

namespace seqgen {

std::string token();  // 64 hexadecimal characters; empty if there is none
int dial();           // a connected socket that never blocks, or -1

}  // namespace seqgen
