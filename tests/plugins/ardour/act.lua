-- Runs the action on the first region of each of the first N tracks. SESSION, NAME, PLUGIN (folder), URL,
-- OPERATION, MODEL, REGIONS (how many).
AudioEngine:set_backend("None (Dummy)", "", "")
local client = dofile(os.getenv("PLUGIN") .. "/seqgen_client.lua")
local core = dofile(os.getenv("PLUGIN") .. "/seqgen_core.lua")
local session = assert(load_session(os.getenv("SESSION"), os.getenv("NAME")))
local regions = {}
for route in session:get_tracks():iter() do
	for region in route:to_track():playlist():region_list():iter() do
		if #regions < tonumber(os.getenv("REGIONS")) then regions[#regions + 1] = region end
		break
	end
end
local options = {
	operation = os.getenv("OPERATION"), model = os.getenv("MODEL"),
	temperature = 0.5, seed = 3, bars = 2, num_steps = 2,
}
local ok, made, notices = pcall(core.run, session, regions, options, client.http(os.getenv("URL")), client)
if ok then
	print("MADE\t" .. #made)
	for _, notice in ipairs(notices) do print("NOTICE\t" .. notice) end
else
	print("ERROR\t" .. tostring(made))
end
session:save_state("")
close_session()
quit()
