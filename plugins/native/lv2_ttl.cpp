// Writes the LV2 bundle's manifest.ttl or seqgen.ttl to standard output: what the plugin is, from parameters.h.
#include <cstdio>
#include <cstring>

#include "lv2_names.h"
#include "parameters.h"

using namespace seqgen;

static void manifest() {
    std::printf("@prefix lv2: <http://lv2plug.in/ns/lv2core#> .\n"
                "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\n"
                "<%s>\n  a lv2:Plugin ;\n  lv2:binary <bridge.so> ;\n  rdfs:seeAlso <seqgen.ttl> .\n",
                SEQGEN_LV2_URI);
}

static void events(int index, const char* way, const char* symbol, const char* name, const char* also) {
    std::printf("    a lv2:%sPort, atom:AtomPort ;\n    lv2:index %d ;\n    lv2:symbol \"%s\" ;\n"
                "    lv2:name \"%s\" ;\n    atom:bufferType atom:Sequence ;\n    lv2:designation lv2:control ;\n"
                "    atom:supports midi:MidiEvent%s\n  ] , [\n",
                way, index, symbol, name, also);
}

static void control(int index) {
    const ParameterInfo& info = kInfo[index];
    const bool input = index < kInputs;
    std::printf("    a lv2:%sPort, lv2:ControlPort ;\n    lv2:index %d ;\n    lv2:symbol \"%s\" ;\n"
                "    lv2:name \"%s\" ;\n    lv2:minimum %.7g ;\n    lv2:maximum %.7g",
                input ? "Input" : "Output", index + 2, info.symbol, info.name, double(info.least),
                double(info.most));
    if (input) std::printf(" ;\n    lv2:default %.7g", double(info.standard));
    if (*info.about) std::printf(" ;\n    rdfs:comment \"%s\"", info.about);
    if (info.kind == Kind::Integer) std::printf(" ;\n    lv2:portProperty lv2:integer");
    if (info.kind == Kind::Toggle) std::printf(" ;\n    lv2:portProperty lv2:toggled");
    if (info.kind == Kind::Slider)
        std::printf(" ;\n    units:unit [\n      a units:Unit ;\n      rdfs:label \"standard deviations\" ;\n"
                    "      units:symbol \"sd\" ;\n      units:render \"%%f sd\"\n    ]");
    if (info.kind == Kind::Trigger) std::printf(" ;\n    lv2:portProperty lv2:toggled , props:trigger");
    std::printf(index + 1 < kParameters ? "\n  ] , [\n" : "\n  ] .\n");
}

int main(int count, char** arguments) {
    if (count == 2 && !std::strcmp(arguments[1], "manifest")) {
        manifest();
        return 0;
    }
    std::printf("@prefix atom: <http://lv2plug.in/ns/ext/atom#> .\n"
                "@prefix doap: <http://usefulinc.com/ns/doap#> .\n"
                "@prefix lv2: <http://lv2plug.in/ns/lv2core#> .\n"
                "@prefix midi: <http://lv2plug.in/ns/ext/midi#> .\n"
                "@prefix props: <http://lv2plug.in/ns/ext/port-props#> .\n"
                "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
                "@prefix time: <http://lv2plug.in/ns/ext/time#> .\n"
                "@prefix units: <http://lv2plug.in/ns/extensions/units#> .\n"
                "@prefix urid: <http://lv2plug.in/ns/ext/urid#> .\n\n"
                "<%s>\n  a lv2:Plugin, lv2:MIDIPlugin ;\n  doap:name \"seqgen\" ;\n"
                "  doap:license <http://www.apache.org/licenses/LICENSE-2.0> ;\n"
                "  lv2:minorVersion 4 ;\n  lv2:microVersion 0 ;\n  lv2:requiredFeature urid:map ;\n"
                "  lv2:optionalFeature lv2:hardRTCapable ;\n  lv2:port [\n",
                SEQGEN_LV2_URI);
    events(0, "Input", "in", "MIDI and time in", " , time:Position");
    events(1, "Output", "out", "MIDI out", "");
    for (int i = 0; i < kParameters; ++i) control(i);
}
