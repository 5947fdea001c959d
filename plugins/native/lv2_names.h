#pragma once

#define SEQGEN_LV2_URI "urn:seqgen:bridge"
