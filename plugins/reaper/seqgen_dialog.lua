-- What the dialogs of seqgen's actions have in common.

local M = {}

-- Calls a function; what it complains of is shown.
function M.guarded(action)
  return function(...)
    local ok, why = pcall(action, ...)
    if not ok then reaper.ShowMessageBox(tostring(why), "seqgen", 0) end
  end
end

-- The number that a user typed, or an error that names it.
function M.number_in(text, name, least, most, whole)
  local value = tonumber(text)
  if whole then value = value and math.tointeger(value) end
  if not value or value < least or value > most then
    error(("%s: expected a number from %s to %s, got %s."):format(name, least, most, text), 0)
  end
  return value
end

-- The model that fits a clip best, or nil, and the names of all that can do the operation.
function M.fitting(models, operation, music, bars)
  local names, best = {}, nil
  for _, model in ipairs(models) do
    local can = false
    for _, other in ipairs(model.operations) do can = can or other == operation end
    if can then
      names[#names + 1] = model.name
      local fits = model.music == music
      local holds = fits and model.bars >= bars - 1e-6
      local better = not best or (fits and not best.fits) or (fits and holds and not best.holds)
        or (fits and best.fits and holds == best.holds and (holds and model.bars < best.bars or not holds and model.bars > best.bars))
      if better then best = { name = model.name, bars = model.bars, fits = fits, holds = holds } end
    end
  end
  return best and best.name, names
end

return M
