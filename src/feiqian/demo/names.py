"""Names for the story's suppliers, so that the pages read like a real market's."""

_PLACES = (
    "义乌市",
    "汕头市",
    "佛山市",
    "温州市",
    "景德镇市",
    "东莞市",
    "宁波市",
    "泉州市",
    "台州市",
    "中山市",
)
_SIGNS = ("恒泰", "鸿运", "锦绣", "瑞丰", "华彩", "永兴", "金桥", "同盛", "福来", "嘉禾")
_TRADES = ("日用品", "玩具", "灯饰", "礼品", "陶瓷", "文具", "厨具", "包袋", "工艺品", "家居")


def supplier_name(supplier: str) -> str:
    """The company behind ``S22``: one name for each number; ``S00`` is the market's own sundries."""
    number = int(supplier[1:])
    if number == 0:
        return "市场自营杂项"
    tens, units = divmod(number, 10)
    return f"{_PLACES[tens]}{_SIGNS[units]}{_TRADES[(tens + units) % 10]}有限公司"
