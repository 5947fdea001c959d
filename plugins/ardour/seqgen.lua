ardour {
	["type"] = "EditorAction",
	name = "seqgen",
	author = "seqgen",
	license = "Apache-2.0",
	description = [[
Continues the selected MIDI region, plays it as a drummer would, gives it more or less of an attribute (note
density, mean pitch ..), or goes from one selected MIDI region to another in steps. The seqgen service must run
(seqgen serve). New regions come behind the selected one; one Undo takes them away.
]],
}

-- Ardour keeps only this function of the file, so everything stands inside it.
function factory() return function()
	local TITLE, PORT = "seqgen", tonumber(os.getenv("SEQGEN_PORT") or "") or 7716

	local function say(text, kind)
		LuaDialog.Message(TITLE, text, kind or LuaDialog.MessageType.Error, LuaDialog.ButtonType.Close):run()
	end

	-- Ardour takes dofile and require from actions.
	local function part(name)
		local file = io.open(ARDOUR.user_config_directory(-1) .. "/scripts/" .. name, "r")
		if not file then
			error(name .. " is missing: copy all .lua files of plugins/ardour into Ardour's scripts folder", 0)
		end
		local text = file:read("a")
		file:close()
		return assert(load(text, name, "t"))()
	end

	local function models(client, request)
		local text, status = request("/v1/models")
		local answer = client.decode(text)
		if status ~= 200 then error(answer.message or ("status " .. status), 0) end
		local choices, first, sliders = {}, nil, {}
		for _, model in ipairs(answer.models) do
			sliders[model.name] = model.attributes or {}
			for _, operation in ipairs(model.operations) do
				if operation ~= "sample" then
					local label = operation .. ": " .. model.name
					choices[label] = label
					first = first or label
				end
			end
		end
		return choices, first, sliders
	end

	-- How far each slider of a model is moved, in standard deviations; nil where the dialog was left.
	local function ask_amounts(model, sliders)
		if #sliders == 0 then error(model .. " has no attributes", 0) end
		local fields = {}
		for i, slider in ipairs(sliders) do
			local words = slider.name:gsub("_", " ")
			fields[i] = {
				type = "number", key = slider.name, title = string.format("%s (%+g to %+g)", words, slider.low, slider.high),
				min = slider.low, max = slider.high, default = 0, step = 0.1, digits = 2,
			}
		end
		local answer = LuaDialog.Dialog(TITLE .. ": " .. model, fields):run()
		if not answer then return nil end
		local amounts = {}
		for _, slider in ipairs(sliders) do
			if answer[slider.name] ~= 0 then amounts[slider.name] = answer[slider.name] end
		end
		if not next(amounts) then error("all attributes are at 0: there is nothing to move", 0) end
		return amounts
	end

	local function ask(choices, first, sliders)
		local answer = LuaDialog.Dialog(TITLE, {
			{ type = "dropdown", key = "choice", title = "Do", values = choices, default = first },
			{ type = "number", key = "bars", title = "Bars (continue)", min = 1, max = 64, default = 8, digits = 0 },
			{ type = "number", key = "steps", title = "Pieces (interpolate)", min = 2, max = 256, default = 5, digits = 0 },
			{ type = "number", key = "temperature", title = "Temperature", min = 0, max = 4, default = 0.5, step = 0.1, digits = 2 },
			{ type = "number", key = "seed", title = "Seed", min = 0, max = 4294967295, default = 1, digits = 0 },
		}):run()
		if not answer then return nil end
		local operation, model = answer.choice:match("^(%a+): (.*)$")
		local amounts = nil
		if operation == "attribute" then
			amounts = ask_amounts(model, sliders[model])
			if not amounts then return nil end
		end
		return {
			operation = operation,
			model = model,
			temperature = answer.temperature,
			seed = math.floor(answer.seed),
			bars = math.floor(answer.bars),
			num_steps = math.floor(answer.steps),
			amounts = amounts,
		}
	end

	local function work()
		local client, core = part("seqgen_client.lua"), part("seqgen_core.lua")
		local regions = {}
		for region in Editor:get_selection().regions:regionlist():iter() do
			if not region:to_midiregion():isnil() then regions[#regions + 1] = region end
		end
		if #regions == 0 then error("select a MIDI region first, or two to go from one to the other", 0) end
		table.sort(regions, function(a, b) return a:position():samples() < b:position():samples() end)
		local request = client.http("http://127.0.0.1:" .. PORT)
		local options = ask(models(client, request))
		if not options then return end
		local _, notices = core.run(Session, regions, options, request, client)
		if #notices > 0 then say(table.concat(notices, "\n"), LuaDialog.MessageType.Info) end
	end

	local ok, message = pcall(work)
	collectgarbage() -- references to regions are given back at once
	if not ok then say(tostring(message)) end
end end
