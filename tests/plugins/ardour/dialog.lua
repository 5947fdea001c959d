-- Runs seqgen.lua as Ardour runs an action: without what Ardour takes from actions, with stand-ins for the
-- window. SESSION, NAME, PLUGIN, CHOICE (what the user picks), REGIONS (how many are selected), AMOUNTS (what the
-- user sets in the dialog of attributes, like "mean_pitch=1.5 rest_share=-1", or "leave").
AudioEngine:set_backend("None (Dummy)", "", "")
Session = assert(load_session(os.getenv("SESSION"), os.getenv("NAME")))
local script = os.getenv("PLUGIN") .. "/seqgen.lua"
function ardour(header) print("ACTION\t" .. header.type .. "\t" .. header.name) end
dofile(script)

local selected = {}
for route in Session:get_tracks():iter() do
	for region in route:to_track():playlist():region_list():iter() do
		if #selected < tonumber(os.getenv("REGIONS")) then selected[#selected + 1] = region end
		break
	end
end
Editor = {
	get_selection = function()
		local list = {}
		function list.iter()
			local i = 0
			return function()
				i = i + 1
				return selected[i]
			end
		end
		return { regions = { regionlist = function() return list end } }
	end,
}
LuaDialog = {
	MessageType = { Error = "error", Info = "info" },
	ButtonType = { Close = 0 },
	Message = function(_, text, kind)
		return { run = function() print("SAID\t" .. kind .. "\t" .. text) end }
	end,
	Dialog = function(_, fields)
		local answer = {}
		for _, field in ipairs(fields) do answer[field.key] = field.default end
		if fields[1].type == "dropdown" then
			for label in pairs(fields[1].values) do print("CHOICE\t" .. label) end
			answer.choice = os.getenv("CHOICE")
		else
			local typed = os.getenv("AMOUNTS")
			for _, field in ipairs(fields) do print("FIELD\t" .. field.title .. "\t" .. field.min .. "\t" .. field.max) end
			if typed == "leave" then return { run = function() return nil end } end
			for name, amount in typed:gmatch("(%S+)=(%S+)") do answer[name] = tonumber(amount) end
		end
		return { run = function() return answer end }
	end,
}
local leave, finish, stop = quit, close_session, Session
dofile, require, package, debug, coroutine, rawget, rawset = nil, nil, nil, nil, nil, nil, nil
os.exit, os.setlocale = nil, nil
factory()()
stop:save_state("")
finish()
leave()
