-- IN: a file of JSON; prints it again.
local client = dofile(os.getenv("PLUGIN") .. "/seqgen_client.lua")
local text = io.open(os.getenv("IN")):read("a")
local ok, value = pcall(client.decode, text)
print("JSON " .. (ok and client.encode(value) or "refused: " .. tostring(value)))
quit()
