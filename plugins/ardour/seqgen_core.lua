-- From Ardour's MIDI regions to a request, and from its answer to new regions. Needs no window.

local M = {}

M.TICKS = 1920 -- of a quarter note, in Ardour
M.MAX_NOTES = 20000
M.MAX_BARS = 10000

-- Ticks of a Beats, which shows itself only as text: quarters:ticks.
local function ticks_of(beats)
	local sign, quarters, ticks = beats:str():match("^(%-?)(%d+):(%d+)$")
	local value = tonumber(quarters) * M.TICKS + tonumber(ticks)
	return sign == "-" and -value or value
end

local function beats_of(ticks)
	return Temporal.Beats(ticks // M.TICKS, ticks % M.TICKS)
end

local function bar_ticks(clip)
	return 4 * M.TICKS * clip.numerator // clip.denominator
end

-- The notes of a region as a clip that begins at 0, and its length in ticks.
function M.clip(region)
	local midi = region:to_midiregion()
	if midi:isnil() then error(region:name() .. " is no MIDI region: select MIDI regions", 0) end
	local map = Temporal.TempoMap.read()
	local meter = map:meter_at(region:position())
	local clip = {
		notes = {},
		tempo = map:quarters_per_minute_at(region:position()),
		numerator = math.tointeger(meter:divisions_per_bar()),
		denominator = math.tointeger(meter:note_value()),
	}
	local start, length = ticks_of(region:start():beats()), ticks_of(region:length():beats())
	for note in ARDOUR.LuaAPI.note_list(midi:model()):iter() do
		local place = ticks_of(note:time()) - start
		if place >= 0 and place < length then
			local lasts = math.max(1, math.min(ticks_of(note:length()), length - place))
			clip.notes[#clip.notes + 1] = {
				start = place / M.TICKS,
				duration = lasts / M.TICKS,
				pitch = note:note(),
				velocity = math.max(1, note:velocity()),
				drum = note:channel() == 9,
			}
		end
	end
	if #clip.notes == 0 then error(region:name() .. " has no notes", 0) end
	if #clip.notes > M.MAX_NOTES then
		error(string.format("%s has %d notes: at most %d are sent", region:name(), #clip.notes, M.MAX_NOTES), 0)
	end
	return clip, length
end

-- The body of a request. options: operation, model, temperature, seed, and num_steps, position or bars.
function M.body(options, clips)
	local body = {
		type = options.operation,
		id = options.id or "ardour",
		model = options.model,
		temperature = options.temperature,
		seed = options.seed,
	}
	local wanted = options.operation == "interpolate" and 2 or 1
	if #clips ~= wanted then
		error(string.format("%s takes %d MIDI region(s), %d are selected", options.operation, wanted, #clips), 0)
	end
	if options.operation == "interpolate" then
		body.a, body.b = clips[1], clips[2]
		body.num_steps, body.position = options.num_steps, options.position
	elseif options.operation == "continue" then
		body.clip, body.bars = clips[1], options.bars
	elseif options.operation == "humanize" then
		body.clip = clips[1]
	elseif options.operation == "attribute" then
		body.clip, body.amounts = clips[1], options.amounts
	else
		error("there is no operation " .. tostring(options.operation), 0)
	end
	return body
end

local function is_number(value, low, high)
	return type(value) == "number" and value >= low and value <= high
end

-- The pieces of an answer, after a look at every note, so that nothing is half done.
function M.pieces(text, status, decode)
	local ok, answer = pcall(decode, text)
	if not ok then error(string.format("status %d: %s", status, answer), 0) end
	if type(answer) ~= "table" then error("the service answered no message", 0) end
	if status ~= 200 or answer.type ~= "result" then
		local message = type(answer.message) == "string" and answer.message or "no reason given"
		error(string.format("the service refused (%d): %s", status, message), 0)
	end
	if type(answer.pieces) ~= "table" or #answer.pieces == 0 then error("the service answered no piece", 0) end
	for _, piece in ipairs(answer.pieces) do
		if type(piece.notes) ~= "table" or not is_number(piece.bars, 1, M.MAX_BARS) then
			error("the service answered a piece without notes or bars", 0)
		end
		for _, note in ipairs(piece.notes) do
			if not (is_number(note.start, 0, 4e5) and is_number(note.duration, 0, 4e5)
				and is_number(note.pitch, 0, 127) and is_number(note.velocity, 1, 127)) then
				error("the service answered a note that cannot be", 0)
			end
		end
	end
	return answer.pieces, type(answer.notices) == "table" and answer.notices or {}
end

-- The track whose playlist has a region.
function M.track_of(session, region)
	local id = region:to_stateful():id()
	for route in session:get_tracks():iter() do
		local track = route:to_track()
		if not track:isnil() and not track:playlist():region_by_id(id):isnil() then return track end
	end
	error(region:name() .. " is on no track", 0)
end

-- A region of its own source, not yet on a track, with the notes of a piece.
local function make_region(session, template, piece, length, name)
	local region = ARDOUR.RegionFactory.clone_region(template, true, true)
	local model = region:to_midiregion():model()
	local change = model:new_note_diff_command("seqgen notes")
	for note in ARDOUR.LuaAPI.note_list(model):iter() do change:remove(note) end
	for _, note in ipairs(piece.notes) do
		local start = math.floor(note.start * M.TICKS + 0.5)
		local lasts = math.max(1, math.floor((note.start + note.duration) * M.TICKS + 0.5) - start)
		local channel = note.drum and 9 or 0
		change:add(ARDOUR.LuaAPI.new_noteptr(channel, beats_of(start), beats_of(lasts),
			math.tointeger(note.pitch), math.tointeger(note.velocity)))
	end
	model:apply_command(session, change)
	region:set_start(Temporal.timepos_t.from_ticks(0))
	region:set_length(Temporal.timecnt_t.from_ticks(length, Temporal.timepos_t.from_ticks(0)))
	region:set_name(name)
	return region
end

-- The first place, in whole bars after `from`, where `length` ticks are free.
local function free_place(playlist, from, length, bar)
	local again = true
	while again do
		again = false
		for other in playlist:region_list():iter() do
			local first = other:position():ticks()
			local last = first + other:length():ticks()
			if first < from + length and last > from then
				from, again = from + bar * math.max(1, (last - from + bar - 1) // bar), true
			end
		end
	end
	return from
end

-- Puts pieces onto the track of a region, one after the other, behind it and behind what else is there.
-- One Undo takes them all away again.
function M.place(session, region, clip, length, pieces, name)
	local playlist = M.track_of(session, region):playlist()
	local bar, total, lengths = bar_ticks(clip), 0, {}
	for i, piece in ipairs(pieces) do
		lengths[i] = math.tointeger(piece.bars) * bar
		for _, note in ipairs(piece.notes) do -- a last note may sound over the bar line
			local stop = math.ceil((note.start + note.duration) * M.TICKS)
			if stop > lengths[i] then lengths[i] = bar * ((stop + bar - 1) // bar) end
		end
		total = total + lengths[i]
	end
	local from = region:position():ticks() + bar * ((length + bar - 1) // bar)
	local at = free_place(playlist, from, total, bar)
	local made = {}
	for i, piece in ipairs(pieces) do
		made[i] = make_region(session, region, piece, lengths[i], string.format("%s %d", name, i))
	end
	session:begin_reversible_command("seqgen")
	playlist:to_stateful():clear_changes()
	for i, new in ipairs(made) do
		playlist:add_region(new, Temporal.timepos_t.from_ticks(at), 1, false, 0, 0, false)
		at = at + lengths[i]
	end
	session:add_stateful_diff_command(playlist:to_statefuldestructible())
	if not session:abort_empty_reversible_command() then session:commit_reversible_command(nil) end
	return made
end

-- Regions to the service, its answer onto the track of the first; the new regions, and notices.
-- request(path, body) -> text, status; codec has encode and decode. Raises a sentence; then nothing has changed.
function M.run(session, regions, options, request, codec)
	local clips, lengths = {}, {}
	for i, region in ipairs(regions) do clips[i], lengths[i] = M.clip(region) end
	local body = codec.encode(M.body(options, clips))
	local text, status = request("/v1/" .. options.operation, body)
	local pieces, notices = M.pieces(text, status, codec.decode)
	local name = string.format("seqgen %s", options.operation)
	return M.place(session, regions[1], clips[1], lengths[1], pieces, name), notices
end

return M
