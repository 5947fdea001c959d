-- @description seqgen: the selected MIDI item with more or less of something
-- @about
--   A dialog asks for the model, another how far each of its attributes is moved: note density, mean pitch and so
--   on, in standard deviations; 0 leaves it. The result comes as an item on a new track, in one step of undo. The
--   seqgen service must run (seqgen serve).
--
-- REAPER 6 and later (Lua 5.3 or 5.4). The other .lua files must lie beside this one.

local FIELDS = 16 -- that a dialog of REAPER has at most
local FURTHEST = 100 -- that the protocol takes

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""

local function need(name)
  local file = io.open(here .. name, "r")
  if not file then error(name .. " is missing: put it beside the action, in " .. here, 0) end
  file:close()
  return dofile(here .. name)
end

-- What the user types into up to FIELDS fields, or nil where the dialog was left.
local function ask_fields(title, captions, defaults)
  local shown = table.concat(captions, ",") .. ",extrawidth=120"
  local ok, text = reaper.GetUserInputs(title, #captions, shown, table.concat(defaults, ","))
  if not ok then return nil end
  local values = {}
  for value in (text .. ","):gmatch("([^,]*),") do values[#values + 1] = value end
  if #values ~= #captions then error(("Expected %d values without commas, got %s."):format(#captions, text), 0) end
  return values
end

-- The sliders of a model as the service lists them: name, low, high.
local function sliders_of(models, name)
  for _, model in ipairs(models) do
    if model.name == name then
      local sliders = type(model.attributes) == "table" and model.attributes or {}
      for _, slider in ipairs(sliders) do
        if type(slider.name) ~= "string" or type(slider.low) ~= "number" or type(slider.high) ~= "number" then
          error("The list of models is not as the protocol has it.", 0)
        end
      end
      if #sliders == 0 then error(name .. " has no attributes.", 0) end
      return sliders
    end
  end
  error("There is no model " .. name .. ".", 0)
end

-- How far each slider is moved, those at 0 left out; nil where a dialog was left.
local function ask_amounts(dialog, model, sliders)
  local amounts = {}
  for first = 1, #sliders, FIELDS do
    local captions, defaults = {}, {}
    for i = first, math.min(first + FIELDS - 1, #sliders) do
      local words = sliders[i].name:gsub("[_,=]", " ")
      captions[#captions + 1] = ("%s (%+g to %+g)"):format(words, sliders[i].low, sliders[i].high)
      defaults[#defaults + 1] = "0"
    end
    local values = ask_fields("seqgen " .. model, captions, defaults)
    if not values then return nil end
    for i, value in ipairs(values) do
      local amount = dialog.number_in(value, captions[i], -FURTHEST, FURTHEST)
      if amount ~= 0 then amounts[sliders[first + i - 1].name] = amount end
    end
  end
  if not next(amounts) then error("All attributes are at 0: there is nothing to move.", 0) end
  return amounts
end

local function request_from_dialogs(dialog, models, default, names)
  local captions = { ("Model (%s)"):format(table.concat(names, " ")), "Temperature", "Seed" }
  local values = ask_fields("seqgen attribute", captions, { default, "0", "1" })
  if not values then return nil end
  local request = {
    type = "attribute", id = "reaper", model = values[1],
    temperature = dialog.number_in(values[2], "Temperature", 0, 4),
    seed = dialog.number_in(values[3], "Seed", 0, 4294967295, true),
  }
  request.amounts = ask_amounts(dialog, request.model, sliders_of(models, request.model))
  return request.amounts and request
end

local function main()
  local json, service = need("json.lua"), need("seqgen_service.lua")
  local items, dialog = need("seqgen_items.lua"), need("seqgen_dialog.lua")
  local count = reaper.CountSelectedMediaItems(0)
  if count ~= 1 then error(("Select one MIDI item; %d are selected."):format(count), 0) end
  local clip, stop, drums, bars = items.read(reaper.GetSelectedMediaItem(0, 0))
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(0, reaper.TimeMap2_QNToTime(0, stop))

  service.ask(json, "/v1/models", nil, "models", dialog.guarded(function(answer, why)
    if not answer then error(why, 0) end
    local default, names = dialog.fitting(answer.models, "attribute", drums and "drums" or "melody", bars)
    if not default then error("The service has no model that can move attributes.", 0) end
    local request = request_from_dialogs(dialog, answer.models, default, names)
    if not request then return end
    request.clip = clip
    service.ask(json, "/v1/attribute", assert(json.encode(request)), "result", dialog.guarded(function(result, reason)
      if not result then error(reason, 0) end
      items.insert(result, stop, 4 * numerator / denominator)
    end))
  end))
end

local ok, why = pcall(main)
if not ok then reaper.ShowMessageBox(tostring(why), "seqgen", 0) end
