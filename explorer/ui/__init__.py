"""The pages; the only place with streamlit."""
