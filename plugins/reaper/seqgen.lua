-- @description seqgen: new music from the selected MIDI items
-- @about
--   Two selected MIDI items: pieces on the way from one to the other. One: how it goes on. None: new pieces.
--   Results come as items on a new track, in one step of undo. The seqgen service must run (seqgen serve).
--
-- REAPER 6 and later (Lua 5.3 or 5.4). The other .lua files must lie beside this one. REAPER is not held while the
-- service computes: curl runs by itself, and its answer is looked for between two of REAPER's own turns.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""

local function need(name)
  local file = io.open(here .. name, "r")
  if not file then error(name .. " is missing: put it beside the action, in " .. here, 0) end
  file:close()
  return dofile(here .. name)
end

local COUNTS = { -- the dialog's words, what is there at first, field, least, most
  interpolate = { "Pieces, both ends included", 5, "num_steps", 2, 256 },
  continue = { "Bars", 8, "bars", 1, 64 },
  sample = { "Pieces", 1, "num", 1, 256 },
}

-- A request, or nil where the dialog was left.
local function request_from_dialog(dialog, operation, default, names)
  local words, count, field, least, most = table.unpack(COUNTS[operation])
  local captions = ("Model (%s),%s,Temperature,Seed,extrawidth=200"):format(table.concat(names, " "), words:gsub(",", " -"))
  local ok, text = reaper.GetUserInputs("seqgen " .. operation, 4, captions, ("%s,%d,0.5,1"):format(default, count))
  if not ok then return nil end
  local model, number, temperature, seed = text:match("^([^,]*),([^,]*),([^,]*),([^,]*)$")
  if not model then error("Expected four values without commas, got " .. text .. ".", 0) end
  return {
    type = operation, id = "reaper", model = model,
    [field] = dialog.number_in(number, words, least, most, true),
    temperature = dialog.number_in(temperature, "Temperature", 0, 4),
    seed = dialog.number_in(seed, "Seed", 0, 4294967295, true),
  }
end

local function main()
  local json, service = need("json.lua"), need("seqgen_service.lua")
  local items, dialog = need("seqgen_items.lua"), need("seqgen_dialog.lua")
  local count = reaper.CountSelectedMediaItems(0)
  if count > 2 then error(("Select at most two MIDI items, A and B; %d are selected."):format(count), 0) end
  local operation = ({ [0] = "sample", "continue", "interpolate" })[count]
  local clips, start, drums, bars = {}, reaper.TimeMap2_timeToQN(0, reaper.GetCursorPosition()), false, 0
  for i = 1, count do
    local clip, stop, beats, long = items.read(reaper.GetSelectedMediaItem(0, i - 1))
    clips[i], drums, bars = clip, drums or beats, math.max(bars, long)
    start = i == 1 and stop or math.max(start, stop)
  end
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(0, reaper.TimeMap2_QNToTime(0, start))
  local bar = 4 * numerator / denominator

  service.ask(json, "/v1/models", nil, "models", dialog.guarded(function(models, why)
    if not models then error(why, 0) end
    local default, names = dialog.fitting(models.models, operation, drums and "drums" or "melody", bars)
    if not default then error("The service has no model that can " .. operation .. ".", 0) end
    local request = request_from_dialog(dialog, operation, default, names)
    if not request then return end
    if operation == "continue" then request.clip = clips[1] end
    if operation == "interpolate" then request.a, request.b = clips[1], clips[2] end
    local body = assert(json.encode(request))
    service.ask(json, "/v1/" .. operation, body, "result", dialog.guarded(function(result, reason)
      if not result then error(reason, 0) end
      items.insert(result, start, bar)
    end))
  end))
end

local ok, why = pcall(main)
if not ok then reaper.ShowMessageBox(tostring(why), "seqgen", 0) end
