import numpy as np

from cellarena.reporting.figures.visuals import MapRow, filter_figure, map_figure

IMAGE = np.zeros((20, 30, 3), np.uint8)


def drawn(figure):
    return [axes for axes in figure.axes if axes.images]


def test_filters_share_one_scale_about_zero_and_at_most_sixteen_are_shown():
    filters = np.zeros((20, 3, 3), np.float32)
    filters[3, 1, 1] = -4
    panels = [axes for axes in drawn(filter_figure(filters, "t")) if axes.get_title()]
    assert [axes.get_title() for axes in panels] == [f"filter {k}" for k in range(1, 17)]
    assert {axes.images[0].get_clim() for axes in panels} == {(-4.0, 4.0)}


def test_maps_stand_in_their_rows_beside_their_titles():
    rows = [
        MapRow("20 x 30 px", np.zeros((3, 20, 30), np.float32), ["a", "b", "c"]),
        MapRow("10 x 15 px", np.ones((1, 10, 15), np.float32), ["d"]),
    ]
    figure = map_figure(IMAGE, rows, "t")
    assert [axes.get_title() for axes in drawn(figure)] == ["", "a", "b", "c", "d"]
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["image", "20 x 30 px", "10 x 15 px"]


def test_filters_that_are_all_zero_can_be_drawn():
    assert drawn(filter_figure(np.zeros((2, 3, 3), np.float32), "t"))
