-- Prints every note of a session. SESSION: its folder; NAME: its name.
AudioEngine:set_backend("None (Dummy)", "", "")
local session = assert(load_session(os.getenv("SESSION"), os.getenv("NAME")))
local map = Temporal.TempoMap.read()
for route in session:get_tracks():iter() do
	local track = route:to_track()
	for region in track:playlist():region_list():iter() do
		local place = { route:name(), region:name(), region:position():ticks(), region:length():ticks() }
		local tempo = map:quarters_per_minute_at(region:position())
		local meter = map:meter_at(region:position())
		print(table.concat({ "REGION", place[1], place[2], place[3], place[4], tempo,
			meter:divisions_per_bar(), meter:note_value() }, "\t"))
		for note in ARDOUR.LuaAPI.note_list(region:to_midiregion():model()):iter() do
			print(table.concat({ "NOTE", place[1], place[2], note:time():str(), note:length():str(), note:note(),
				note:velocity(), note:channel() }, "\t"))
		end
	end
end
close_session()
quit()
