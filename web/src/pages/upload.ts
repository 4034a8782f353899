import '../styles/upload.css';
