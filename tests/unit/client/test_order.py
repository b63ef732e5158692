from seacan.client.order import natural_key


def test_names_are_in_the_order_of_their_numbers() -> None:
    names = ["", "1", "2b", "10", "B", "a", "a1", "a01", "a1b", "a2", "a02b", "a10", "a-1", "b"]
    in_order = ["", "1", "2b", "10", "B", "a", "a1", "a1b", "a01", "a2", "a02b", "a10", "a-1", "b"]
    assert sorted(names, key=natural_key) == in_order
