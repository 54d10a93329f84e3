"""The 207 concepts of Swadesh's list, by their usual labels, in their usual order."""

_LABELS = """
I; you (singular); he; we; you (plural); they; this; that; here; there; who; what; where; when; how; not; all; many; some; few; other;
one; two; three; four; five; big; long; wide; thick; heavy; small; short; narrow; thin; woman; man (adult male); man (human being);
child; wife; husband; mother; father; animal; fish; bird; dog; louse; snake; worm; tree; forest; stick; fruit; seed; leaf; root;
bark (of a tree); flower; grass; rope; skin; meat; blood; bone; fat (noun); egg; horn; tail; feather; hair; head; ear; eye; nose; mouth;
tooth; tongue; fingernail; foot; leg; knee; hand; wing; belly; guts; neck; back; breast; heart; liver; drink; eat; bite; suck; spit;
vomit; blow; breathe; laugh; see; hear; know; think; smell; fear; sleep; live; die; kill; fight; hunt; hit; cut; split; stab; scratch;
dig; swim; fly; walk; come; lie; sit; stand; turn; fall; give; hold; squeeze; rub; wash; wipe; pull; push; throw; tie; sew; count; say;
sing; play; float; flow; freeze; swell; sun; moon; star; water; rain; river; lake; sea; salt; stone; sand; dust; earth; cloud; fog; sky;
wind; snow; ice; smoke; fire; ash; burn; road; mountain; red; green; yellow; white; black; night; day; year; warm; cold; full; new; old;
good; bad; rotten; dirty; straight; round; sharp; dull; smooth; wet; dry; correct; near; far; right; left; at; in; with; and; if;
because; name
"""
SWADESH = tuple(" ".join(label.split()) for label in _LABELS.split(";"))
